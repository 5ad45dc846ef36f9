// @rnn/train/tensorboard: event files for TensorBoard. An entry of its own, since it is the only one that needs a protobuf library.

export type { EventSink } from './tensorboard/event-sink.ts'
export { tensorBoard, type TensorBoardOptions } from './tensorboard/tensor-board.ts'
