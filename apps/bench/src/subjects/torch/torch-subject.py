"""The torch subject of the bench: reads requests as lines of JSON on stdin, answers each with one line on stdout.

Arrays travel as base64 of little-endian float32 (int32 for words and labels), in the layout of the bench: kernels
[inputs, gates * units], gates in PyTorch's own order.
"""

import base64
import json
import re
import sys
import time

import numpy
import torch

torch.set_num_threads(1)
torch.set_num_interop_threads(1)

ADAM = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-7}
# A run that is shorter is timed in batches that are at least as long.
BATCH_MS = 2.0


def array(text, *shape, dtype=numpy.float32):
    return torch.from_numpy(numpy.frombuffer(base64.b64decode(text), dtype=dtype).copy().reshape(shape))


def encoded(tensor):
    values = numpy.ascontiguousarray(tensor.detach().numpy(), dtype=numpy.float32)
    return base64.b64encode(values.tobytes()).decode()


def all_encoded(tensors):
    return {name: encoded(tensor) for name, tensor in tensors.items()}


class Layer:
    """nn.LSTM or nn.GRU with the bench's weights, and the way back from its parameters to the bench's arrays."""

    def __init__(self, cell, input_size, units, data):
        gates = {"lstm": 4, "gru": 3}[cell]
        self.cell = cell
        self.module = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell](input_size, units, batch_first=True)
        with torch.no_grad():
            self.module.weight_ih_l0.copy_(array(data["kernel"], input_size, gates * units).T)
            self.module.weight_hh_l0.copy_(array(data["recurrent"], units, gates * units).T)
            self.module.bias_ih_l0.copy_(array(data["bias"], gates * units))
            # Its LSTM has two biases where ours has one.
            self.module.bias_hh_l0.copy_(array(data["recurrentBias"], gates * units) if cell == "gru" else torch.zeros(gates * units))

    def arrays(self, of, suffix=""):
        """Parameters (or what `of` gives for them) under the bench's names."""
        result = {
            "kernel": of(getattr(self.module, "weight_ih_l0" + suffix)).T,
            "recurrent": of(getattr(self.module, "weight_hh_l0" + suffix)).T,
            "bias": of(getattr(self.module, "bias_ih_l0" + suffix)),
        }
        if self.cell == "gru":
            result["recurrentBias"] = of(getattr(self.module, "bias_hh_l0" + suffix))
        return result


def value(parameter):
    return parameter


def gradient(parameter):
    return parameter.grad


class Inference:
    def __init__(self, task, data):
        sizes = task["sizes"]
        self.layer = Layer(task["cell"], sizes["inputSize"], sizes["units"], data)
        self.input = array(data["input"], sizes["batch"], sizes["time"], sizes["inputSize"])
        self.name = "nn." + task["cell"].upper()

    def run(self):
        with torch.inference_mode():
            return self.layer.module(self.input)[0]

    def outputs(self):
        return {"values": {"sequence": encoded(self.run())}, "gradients": {}, "updated": {}}


class Training:
    def __init__(self, task, data):
        sizes = task["sizes"]
        self.layer = Layer(task["cell"], sizes["inputSize"], sizes["units"], data)
        self.input = array(data["input"], sizes["batch"], sizes["time"], sizes["inputSize"]).requires_grad_()
        self.target = array(data["target"], sizes["batch"], sizes["time"], sizes["units"])
        self.optimizer = torch.optim.Adam(self.layer.module.parameters(), **ADAM)
        self.name = "nn." + task["cell"].upper()

    def run(self):
        self.optimizer.zero_grad(set_to_none=True)
        self.input.grad = None
        loss = torch.nn.functional.mse_loss(self.layer.module(self.input)[0], self.target)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def outputs(self):
        loss = self.run()
        return {
            "values": {"loss": encoded(torch.tensor([loss]))},
            "gradients": {"input": encoded(self.input.grad), **all_encoded(self.layer.arrays(gradient))},
            "updated": all_encoded(self.layer.arrays(value)),
        }


class Stream:
    """One time step after another: nn.LSTM over a sequence of one step, its state fed back, its output read."""

    def __init__(self, task, data):
        sizes = task["sizes"]
        self.layer = Layer(task["cell"], sizes["inputSize"], sizes["units"], data)
        self.steps = array(data["input"], sizes["time"], 1, 1, sizes["inputSize"])
        self.state = None
        self.at = 0
        self.name = "nn." + task["cell"].upper()

    def run(self):
        with torch.inference_mode():
            output, self.state = self.layer.module(self.steps[self.at], self.state)
        self.at = (self.at + 1) % len(self.steps)
        return output.numpy()

    def outputs(self):
        sequence = numpy.concatenate([self.run() for _ in range(len(self.steps))])
        return {"values": {"sequence": encoded(torch.from_numpy(sequence))}, "gradients": {}, "updated": {}}


class Classifier(torch.nn.Module):
    def __init__(self, task, data):
        super().__init__()
        vocabulary, size, units, classes = (task[name] for name in ("vocabularySize", "embeddingSize", "units", "classes"))
        self.embedding = torch.nn.Embedding(vocabulary, size)
        self.lstm = torch.nn.LSTM(size, units, batch_first=True, bidirectional=True)
        self.dense = torch.nn.Linear(2 * units, classes)
        with torch.no_grad():
            self.embedding.weight.copy_(array(data["embedding"], vocabulary, size))
            for direction, suffix in (("forward", ""), ("backward", "_reverse")):
                getattr(self.lstm, "weight_ih_l0" + suffix).copy_(array(data[direction + ".kernel"], size, 4 * units).T)
                getattr(self.lstm, "weight_hh_l0" + suffix).copy_(array(data[direction + ".recurrent"], units, 4 * units).T)
                getattr(self.lstm, "bias_ih_l0" + suffix).copy_(array(data[direction + ".bias"], 4 * units))
                getattr(self.lstm, "bias_hh_l0" + suffix).zero_()
            self.dense.weight.copy_(array(data["dense.kernel"], 2 * units, classes).T)
            self.dense.bias.copy_(array(data["dense.bias"], classes))

    def forward(self, words):
        return self.dense(self.lstm(self.embedding(words))[0].max(dim=1).values)

    def arrays(self, of):
        result = {"embedding": of(self.embedding.weight), "dense.kernel": of(self.dense.weight).T, "dense.bias": of(self.dense.bias)}
        for direction, suffix in (("forward", ""), ("backward", "_reverse")):
            result[direction + ".kernel"] = of(getattr(self.lstm, "weight_ih_l0" + suffix)).T
            result[direction + ".recurrent"] = of(getattr(self.lstm, "weight_hh_l0" + suffix)).T
            result[direction + ".bias"] = of(getattr(self.lstm, "bias_ih_l0" + suffix))
        return result


class TextTraining:
    def __init__(self, task, data):
        self.model = Classifier(task, data)
        self.words = array(data["words"], task["batch"], task["time"], dtype=numpy.int32).long()
        self.labels = array(data["labels"], task["batch"], dtype=numpy.int32).long()
        self.optimizer = torch.optim.Adam(self.model.parameters(), **ADAM)
        self.name = "nn.LSTM"

    def run(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(self.model(self.words), self.labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def outputs(self):
        loss = self.run()
        return {
            "values": {"loss": encoded(torch.tensor([loss]))},
            "gradients": all_encoded(self.model.arrays(gradient)),
            "updated": all_encoded(self.model.arrays(value)),
        }


class Translator(torch.nn.Module):
    """Encoder, bridge, additive attention before each step, decoder and readout, as apps/translation trains them."""

    def __init__(self, task, data):
        super().__init__()
        vocabulary, size, units = (task[name] for name in ("vocabularySize", "embeddingSize", "units"))
        self.source = torch.nn.Embedding(vocabulary, size)
        self.target = torch.nn.Embedding(vocabulary, size)
        self.encoder = torch.nn.GRU(size, units, batch_first=True, bidirectional=True)
        self.bridge = torch.nn.Linear(2 * units, units)
        self.query = torch.nn.Linear(units, units, bias=False)
        self.memory = torch.nn.Linear(2 * units, units, bias=False)
        self.score = torch.nn.Linear(units, 1, bias=False)
        self.decoder = torch.nn.GRUCell(size + 2 * units, units)
        self.readout = torch.nn.Linear(3 * units + size, units)
        self.output = torch.nn.Linear(units, vocabulary)
        self.units = units
        with torch.no_grad():
            for name, parameter in self.arrays(value).items():
                parameter.copy_(array(data[name], *parameter.shape))

    def arrays(self, of):
        """Parameters (or what `of` gives for them) under the bench's names, as views."""
        units = self.units
        readout = of(self.readout.weight).T
        result = {
            "source.kernel": of(self.source.weight),
            "bridge.layers.0.kernel": of(self.bridge.weight).T,
            "bridge.layers.0.bias": of(self.bridge.bias),
            "target.kernel": of(self.target.weight),
            "attention.queryKernel": of(self.query.weight).T,
            "attention.memoryKernel": of(self.memory.weight).T,
            "attention.scoreVector": of(self.score.weight)[0],
            "readout.stateKernel": readout[:units],
            "readout.contextKernel": readout[units : 3 * units],
            "readout.embeddingKernel": readout[3 * units :],
            "readout.bias": of(self.readout.bias),
            "output.kernel": of(self.output.weight).T,
            "output.bias": of(self.output.bias),
        }
        layers = (("encoder.forward", self.encoder, "_l0"), ("encoder.backward", self.encoder, "_l0_reverse"), ("decoder", self.decoder, ""))
        for name, module, suffix in layers:
            result[name + ".kernel"] = of(getattr(module, "weight_ih" + suffix)).T
            result[name + ".recurrent"] = of(getattr(module, "weight_hh" + suffix)).T
            result[name + ".bias"] = of(getattr(module, "bias_ih" + suffix))
            result[name + ".recurrentBias"] = of(getattr(module, "bias_hh" + suffix))
        return result

    def forward(self, source, target):
        memory, final = self.encoder(self.source(source))
        hidden = torch.tanh(self.bridge(torch.cat([final[0], final[1]], -1)))
        keys = self.memory(memory)
        embedded = self.target(target)
        states, contexts = [], []
        for t in range(target.shape[1]):
            scores = self.score(torch.tanh(self.query(hidden)[:, None] + keys)).squeeze(-1)
            context = torch.bmm(torch.softmax(scores, -1)[:, None], memory).squeeze(1)
            hidden = self.decoder(torch.cat([embedded[:, t], context], -1), hidden)
            states.append(hidden)
            contexts.append(context)
        read = torch.cat([torch.stack(states, 1), torch.stack(contexts, 1), embedded], -1)
        return self.output(torch.tanh(self.readout(read)))


class TranslationTraining:
    def __init__(self, task, data):
        self.model = Translator(task, data)
        words = lambda name: array(data[name], task["batch"], task["time"], dtype=numpy.int32).long()
        self.source, self.target, self.labels = words("source"), words("target"), words("labels")
        self.optimizer = torch.optim.Adam(self.model.parameters(), **ADAM)
        self.name = "nn.GRU, nn.GRUCell"

    def run(self):
        self.optimizer.zero_grad(set_to_none=True)
        logits = self.model(self.source, self.target)
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), self.labels.flatten())
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def outputs(self):
        loss = self.run()
        return {
            "values": {"loss": encoded(torch.tensor([loss]))},
            "gradients": all_encoded(self.model.arrays(gradient)),
            "updated": all_encoded(self.model.arrays(value)),
        }


def implementation(task, data):
    if task["kind"] == "seq2seq":
        return TranslationTraining(task, data)
    if task["kind"] == "text":
        return TextTraining(task, data)
    if task["kind"] == "step":
        return Stream(task, data)
    return Training(task, data) if task["mode"] == "train" else Inference(task, data)


def blas():
    """Which library multiplies matrices: the difference between them is tenfold."""
    if torch.backends.mkl.is_available():
        return "MKL"
    built = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    name = built.group(1) if built else "unknown"
    try:
        with open("/proc/self/maps") as maps:
            mapped = maps.read()
    except OSError:
        mapped = ""
    return "OpenBLAS" if "openblas" in mapped else name + " BLAS"


def time_runs(run, limits, state):
    """The same rules as the bench's own time-runs.ts."""
    times = []
    total = 0.0
    while True:
        start = time.perf_counter()
        for _ in range(state["count"]):
            run()
        elapsed = (time.perf_counter() - start) * 1000
        total += elapsed
        if elapsed < BATCH_MS / 2:
            state["count"] = int(numpy.ceil(state["count"] * min(10, BATCH_MS / max(elapsed, 1e-3))))
            continue
        times.append(elapsed / state["count"])
        if total >= limits["maximumMs"]:
            return times
        if total >= limits["minimumMs"] and len(times) >= limits["minimumRuns"]:
            return times


def main():
    prepared = []
    for line in sys.stdin:
        try:
            request = json.loads(line)
            if request["type"] == "prepare":
                prepared.append((implementation(request["task"], request["data"]), {"count": 1}))
                reply = ["%s, PyTorch %s, %s" % (prepared[-1][0].name, torch.__version__, blas())]
            elif request["type"] == "outputs":
                reply = prepared[request["index"]][0].outputs()
            else:
                subject, state = prepared[request["index"]]
                reply = time_runs(subject.run, request, state)
            answer = {"value": reply}
        except Exception as error:  # whatever it is, the bench says it
            answer = {"error": "%s: %s" % (type(error).__name__, error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


main()
