import { cpu, type CpuOptions } from '@rnn/backend-cpu'
import { serve } from '@rnn/backend-worker/serve'

serve((options?: CpuOptions) => cpu(options))
