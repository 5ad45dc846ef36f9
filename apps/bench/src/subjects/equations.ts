/** Names of the equations that implementations state; equal names must give equal outputs. */

/** As in PyTorch and Keras: reset after the recurrent product for the GRU. */
export const EQUATIONS = {
  lstm: 'LSTM',
  lstmWithoutCell: 'LSTM, hidden state for cell',
  gru: 'GRU, reset after',
  gruResetBefore: 'GRU, reset before',
  minGru: 'minGRU',
  minimalGated: 'minimal gated unit',
  peepholeLstm: 'LSTM with peepholes',
  coupledLstm: 'LSTM with coupled gates',
  hardSigmoidLstm: 'LSTM with hard sigmoids',
  projectedLstm: 'LSTM with a projection',
  layerNormLstm: 'LSTM with layer normalisation',
  indRnn: 'IndRNN, relu',
  matmul: 'product of matrices',
  add: 'sum of arrays',
  text: 'embedding, bidirectional LSTM, max over time, dense',
  seq2seq: 'GRU encoder–decoder with additive attention',
} as const
