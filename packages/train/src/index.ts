// @rnn/train: fit, evaluate and Trainer; losses, optimisers, schedules, metrics, callbacks.

// Adversarial training: one file for each attack.
export type { Attack } from './adversarial/attack.ts'
export { fgm, type FgmOptions } from './adversarial/fgm.ts'
export { pgd, type PgdOptions } from './adversarial/pgd.ts'

// Weight averaging: one file each.
export type { WeightAveraging } from './averaging/averaging.ts'
export { ema, type EmaOptions } from './averaging/ema.ts'
export { swa, type SwaOptions } from './averaging/swa.ts'

export type { Callback, CallbackHost, CallbackRun, SavedCallback } from './callbacks/callback.ts'
export { earlyStopping, type EarlyStoppingOptions } from './callbacks/early-stopping.ts'
export type { MonitorOptions } from './callbacks/monitor.ts'
export { reduceOnPlateau, type ReduceOnPlateauOptions } from './callbacks/reduce-on-plateau.ts'
// Diagnostics: one file each.
export { gradientNorms } from './diagnostics/gradient-norms.ts'
export { gradientsByLag } from './diagnostics/gradients-by-lag.ts'
export type {
  GradientReport,
  GradientTrouble,
  GradientWarning,
  GradientWatchOptions,
  StepPlace,
} from './diagnostics/gradient-watch.ts'

export { History, type HistoryRow } from './history/history.ts'
export type { JsonObject, JsonValue } from './json.ts'

// Connectionist temporal classification.
export { ctcBeamSearch, type CtcBeamSearchOptions, type CtcHypothesis } from './ctc/beam-search.ts'
export { ctc, ctcLosses, type CtcLossesOptions, type CtcOptions } from './ctc/ctc.ts'
export type { CtcDecoding, CtcDecodingOptions } from './ctc/frame-scores.ts'
export { ctcGreedy } from './ctc/greedy.ts'
export { editDistance, labelErrorRate, type LabelErrorRateOptions } from './ctc/label-error-rate.ts'
export type { CtcLabels, CtcTargets } from './ctc/labels.ts'

// Losses: one file each.
export { binaryCrossEntropy } from './losses/binary-cross-entropy.ts'
export { categoricalHinge } from './losses/categorical-hinge.ts'
export { cosineDistance } from './losses/cosine-distance.ts'
export { crossEntropy, type CrossEntropyLossOptions } from './losses/cross-entropy.ts'
export { elementLoss } from './losses/element-loss.ts'
export { hinge, squaredHinge } from './losses/hinge.ts'
export { huber, type HuberOptions } from './losses/huber.ts'
export { klDivergence } from './losses/kl-divergence.ts'
export { meanLoss, type Loss, type LossContext, type MeasuredLoss } from './losses/loss.ts'
export { meanAbsoluteError } from './losses/mean-absolute-error.ts'
export { meanSquaredError } from './losses/mean-squared-error.ts'
export { poisson, type PoissonOptions } from './losses/poisson.ts'

// Metrics: one file each.
export { accuracy, type AccuracyOptions } from './metrics/accuracy.ts'
export { auc, type AucOptions } from './metrics/auc.ts'
export { binaryAccuracy, type BinaryAccuracyOptions } from './metrics/binary-accuracy.ts'
export { f1, precision, recall, type ClassScoreOptions } from './metrics/class-scores.ts'
export { ConfusionMatrix, confusionMatrix, type ConfusionMatrixOptions } from './metrics/confusion-matrix.ts'
export { lossMetric, mae, rmse } from './metrics/loss-metric.ts'
export type { Metric, MetricValues } from './metrics/metric.ts'
export { perplexity, type PerplexityOptions } from './metrics/perplexity.ts'
export { rSquared } from './metrics/r-squared.ts'
export { topKAccuracy, type TopKAccuracyOptions } from './metrics/top-k-accuracy.ts'

// Optimisers: one file each.
export { adadelta, type AdadeltaOptions } from './optimizers/adadelta.ts'
export { adagrad, type AdagradOptions } from './optimizers/adagrad.ts'
export { adam, type AdamOptions } from './optimizers/adam.ts'
export { adamW } from './optimizers/adam-w.ts'
export { adamax, type AdamaxOptions } from './optimizers/adamax.ts'
export { clipFactor, type ClippingOptions, type PreparedGradient } from './optimizers/clipping.ts'
export { lion, type LionOptions } from './optimizers/lion.ts'
export { nadam, type NadamOptions } from './optimizers/nadam.ts'
export type { Optimizer, ParameterUpdate } from './optimizers/optimizer.ts'
export { OptimizerState, type NamedTensors } from './optimizers/optimizer-state.ts'
export { rmsprop, type RmspropOptions } from './optimizers/rmsprop.ts'
export { sgd, type SgdOptions } from './optimizers/sgd.ts'

export {
  findLearningRate,
  type FindLearningRateOptions,
  type LearningRateRange,
} from './range-test/find-learning-rate.ts'
export type { RangeTestPoint } from './range-test/range-test-curve.ts'

// Schedules: one file each.
export { constantRate } from './schedules/constant.ts'
export { cosineDecay, type CosineDecayOptions } from './schedules/cosine.ts'
export { exponentialDecay, type ExponentialDecayOptions } from './schedules/exponential.ts'
export { oneCycle, type OneCycleOptions } from './schedules/one-cycle.ts'
export { polynomialDecay, type PolynomialDecayOptions } from './schedules/polynomial.ts'
export type { Schedule } from './schedules/schedule.ts'
export { stepDecay, type StepDecayOptions } from './schedules/step-decay.ts'
export { warmUp, type WarmUpOptions } from './schedules/warm-up.ts'

export type { TrainingBatch, TrainingSet } from './trainer/batches.ts'
// Snapshots: one file for each place.
export { fileSnapshots } from './snapshots/file-snapshots.ts'
export { indexedDbSnapshots } from './snapshots/indexed-db-snapshots.ts'
export { memorySnapshots, type SnapshotStore } from './snapshots/snapshot-store.ts'

export { evaluate, type EvaluateOptions, type Evaluation } from './trainer/evaluation.ts'
export { fit, type FitOptions } from './trainer/fit.ts'
export type { FitLoopOptions } from './trainer/fit-loop.ts'
export type { TrainableModel } from './trainer/model.ts'
export type { SnapshotOptions } from './trainer/recovery.ts'
export type { EpochReport, Progress } from './trainer/reports.ts'
export { Trainer, type Position } from './trainer/trainer.ts'
export { StepGradients } from './trainer/training-step.ts'
export type { TrainerOptions } from './trainer/training-state.ts'
export type { TruncationOptions } from './trainer/windows.ts'
