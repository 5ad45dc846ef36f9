// A thread for bench.ts.

import { cpu } from '@rnn/backend-cpu'
import { serve } from '@rnn/backend-worker/serve'

serve(() => cpu())
