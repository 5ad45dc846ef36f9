#!/usr/bin/env python3
"""Writes src/oracles/*.ts: outputs and gradients in float64, computed by PyTorch (Debian: python3-torch).

Run from anywhere:  python3 packages/conformance/scripts/make-oracles.py

Inputs are not stored: both sides make them by the same generator (src/values.ts), with another seed for every tensor, so every gate has weights of
its own. The recurrent cells are explicit loops over time and rows; where PyTorch's own nn.RNN, nn.LSTM and nn.GRU can run the same
case, their results must agree. The loss is the sum of all outputs times pseudo-random weights. Files are the same to the byte in every run.
"""

import pathlib

import torch

torch.set_default_dtype(torch.float64)
FOLDER = pathlib.Path(__file__).resolve().parent.parent / "src" / "oracles"
GATES = {"simpleTanh": 1, "simpleRelu": 1, "lstm": 4, "gru": 3}


def pseudo(shape, seed, scale=1.0):
    """As pseudoRandom in src/values.ts: multiples of 2^-12 in [-scale/2, scale/2]."""
    count = 1
    for length in shape:
        count *= length
    state = (seed * 7919 + 12345) % 2147483647
    values = []
    for i in range(-4, count):
        state = (state * 48271) % 2147483647
        if i >= 0:
            values.append(((state % 4097) - 2048) / 4096 * scale)
    return torch.tensor(values).reshape(shape)


def variable(shape, seed, scale=1.0):
    return pseudo(shape, seed, scale).requires_grad_()


def text(tensor):
    """Twelve digits: far more than float32 can tell."""
    return " ".join("%.12g" % (value + 0.0) for value in tensor.detach().reshape(-1).tolist())


def number(value):
    """As the formatter writes it: 1, not 1.0."""
    return "%.12g" % value if isinstance(value, float) else value


def entry(name, fields, tensors):
    lines = [f"  {{\n    name: '{name}',"]
    lines += [f"    {key}: {number(value)}," for key, value in fields.items()]
    lines.append("    expected: {")
    for key, value in tensors.items():
        line = f"      {key}: '{text(value)}',"
        lines.append(line if len(line) <= 120 or len(key) == 1 else line.replace(": '", ":\n        '", 1))
    lines.append("    },\n  },")
    return "\n".join(lines)


def write(name, title, interface, constant, entries):
    body = "\n".join(entries)
    source = (
        f"// {title} Made by scripts/make-oracles.py; do not edit.\n\n"
        f"import type {{ {interface} }} from './oracle.ts'\n\n"
        f"/** {title} */\n"
        f"export const {constant}: readonly {interface}[] = [\n{body}\n]\n"
    )
    (FOLDER / f"{name}.ts").write_text(source)


# --- Recurrent cells -------------------------------------------------------------------------------------------------------


def step(kind, projected, h, c, fed, recurrent, recurrent_bias):
    """One row's step; gates in PyTorch's order."""
    product = fed @ recurrent
    if kind == "lstm":
        i, f, g, o = (projected + product).chunk(4)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c
    if kind == "gru":
        xr, xz, xn = projected.chunk(3)
        hr, hz, hn = (product + recurrent_bias).chunk(3)
        r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
        n = torch.tanh(xn + r * hn)
        return (1 - z) * n + z * h, c
    gate = projected + product
    return (torch.tanh(gate) if kind == "simpleTanh" else torch.relu(gate)), c


def recurrent_case(kind, name, batch, time, inputs, units, lengths=None, reverse=False, initial=False, mask=False, scale=1.0, seed=100):
    width = GATES[kind] * units
    x = variable((batch, time, inputs), seed, 2.0)
    kernel = variable((inputs, width), seed + 1)
    recurrent = variable((units, width), seed + 2, scale)
    bias = variable((width,), seed + 3)
    recurrent_bias = variable((width,), seed + 4) if kind == "gru" else None
    h0 = variable((batch, units), seed + 5) if initial else None
    c0 = variable((batch, units), seed + 6) if initial and kind == "lstm" else None
    hidden_mask = torch.where(pseudo((batch, units), seed + 7) < 0, 0.0, 2.0) if mask else None

    projected = x @ kernel + bias
    rows, finals, cells = [], [], []
    for b in range(batch):
        length = time if lengths is None else lengths[b]
        h = h0[b] if initial else torch.zeros(units)
        c = c0[b] if c0 is not None else torch.zeros(units)
        steps = [torch.zeros(units)] * time
        for t in reversed(range(length)) if reverse else range(length):
            fed = h if hidden_mask is None else h * hidden_mask[b]
            h, c = step(kind, projected[b, t], h, c, fed, recurrent, recurrent_bias)
            steps[t] = h
        rows.append(torch.stack(steps))
        finals.append(h)
        cells.append(c)
    outputs = {"sequence": torch.stack(rows), "finalHidden": torch.stack(finals)}
    if kind == "lstm":
        outputs["finalCell"] = torch.stack(cells)

    loss = sum((value * pseudo(value.shape, seed + 20 + i)).sum() for i, value in enumerate(outputs.values()))
    wanted = {"x": x, "kernel": kernel, "recurrent": recurrent, "bias": bias, "recurrentBias": recurrent_bias, "initialHidden": h0, "initialCell": c0}
    wanted = {key: value for key, value in wanted.items() if value is not None}
    gradients = dict(zip(wanted, torch.autograd.grad(loss, list(wanted.values()))))
    if units > 64:  # too large to keep; the reference covers it
        del gradients["recurrent"]
    if lengths is None and not reverse and not mask:
        compare_with_module(kind, x, kernel, recurrent, bias, recurrent_bias, h0, c0, outputs)

    fields = {"cell": f"'{kind}'", "batch": batch, "time": time, "inputs": inputs, "units": units, "scale": scale, "seed": seed}
    if lengths is not None:
        fields["lengths"] = "[" + ", ".join(map(str, lengths)) + "]"
    for key, value in {"reverse": reverse, "initial": initial, "mask": mask}.items():
        fields[key] = "true" if value else "false"
    tensors = outputs | {"grad" + key[0].upper() + key[1:]: value for key, value in gradients.items()}
    return entry(name, fields, tensors)


def compare_with_module(kind, x, kernel, recurrent, bias, recurrent_bias, h0, c0, outputs):
    """PyTorch's own module, with the same weights, must give the same: the proof of the gate order."""
    inputs, units = kernel.shape[0], recurrent.shape[0]
    module = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}.get(kind, torch.nn.RNN)
    options = {"nonlinearity": "tanh" if kind == "simpleTanh" else "relu"} if module is torch.nn.RNN else {}
    net = module(inputs, units, batch_first=True, **options)
    with torch.no_grad():
        net.weight_ih_l0.copy_(kernel.T)
        net.weight_hh_l0.copy_(recurrent.T)
        net.bias_ih_l0.copy_(bias)
        net.bias_hh_l0.copy_(torch.zeros_like(bias) if recurrent_bias is None else recurrent_bias)
        state = None if h0 is None else h0[None] if kind != "lstm" else (h0[None], c0[None])
        sequence, _ = net(x, state)
    assert torch.allclose(sequence, outputs["sequence"], rtol=1e-12, atol=1e-14), kind


def recurrent_oracles():
    entries = []
    for k, kind in enumerate(GATES):
        seed = 1000 * (k + 1)
        entries += [
            recurrent_case(kind, "oracle-one-step", 1, 1, 2, 3, seed=seed),
            recurrent_case(kind, "oracle-initial", 2, 5, 3, 4, initial=True, seed=seed + 100),
            recurrent_case(kind, "oracle-reverse", 2, 4, 3, 4, initial=True, reverse=True, seed=seed + 200),
            recurrent_case(kind, "oracle-ragged", 4, 6, 3, 5, lengths=[4, 6, 0, 1], initial=True, seed=seed + 300),
            recurrent_case(kind, "oracle-everything", 3, 5, 4, 3, lengths=[2, 5, 3], reverse=True, initial=True, mask=True, seed=seed + 400),
            recurrent_case(kind, "oracle-129-units", 2, 3, 2, 129, lengths=[3, 2], scale=0.125, seed=seed + 500),
        ]
    write("recurrent", "Recurrent cells: outputs and all gradients, in float64.", "RecurrentOracle", "RECURRENT_ORACLES", entries)


# --- Linear scan -----------------------------------------------------------------------------------------------------------


def linear_scan_oracles():
    entries = []
    for name, (batch, time, units), reverse, initial in [
        ("oracle-plain", (2, 5, 3), False, False),
        ("oracle-initial", (2, 6, 3), False, True),
        ("oracle-reverse", (2, 6, 3), True, True),
    ]:
        a, b = variable((batch, time, units), 51, 2.0), variable((batch, time, units), 52, 2.0)
        start = variable((batch, units), 53) if initial else None
        h = start if initial else torch.zeros(batch, units)
        steps = [None] * time
        for t in reversed(range(time)) if reverse else range(time):
            h = a[:, t] * h + b[:, t]
            steps[t] = h
        out = torch.stack(steps, 1)
        loss = (out * pseudo(out.shape, 54)).sum()
        wanted = {"gradA": a, "gradB": b} | ({"gradInitial": start} if initial else {})
        gradients = dict(zip(wanted, torch.autograd.grad(loss, list(wanted.values()))))
        fields = {"shape": f"[{batch}, {time}, {units}]", "reverse": str(reverse).lower(), "initial": str(initial).lower()}
        entries.append(entry(name, fields, {"h": out} | gradients))
    write("linear-scan", "The linear recurrence: outputs and gradients, in float64.", "LinearScanOracle", "LINEAR_SCAN_ORACLES", entries)


# --- Cross-entropy and layer norm ------------------------------------------------------------------------------------------


def cross_entropy_oracles():
    entries = []
    for name, smoothing, weighted, labels in [
        ("oracle-plain", 0.0, False, [3, 0, 6, 1, 1]),
        ("oracle-ignored", 0.0, False, [3, -1, 6, -1, 1]),
        ("oracle-smoothing", 0.125, False, [3, -1, 6, 2, 1]),
        ("oracle-weights", 0.0, True, [3, -1, 6, 2, 1]),
        ("oracle-smoothing-weights", 0.25, True, [3, -1, 6, 2, 1]),
    ]:
        logits = variable((5, 7), 61, 8.0)
        weights = pseudo((7,), 62) + 1.25 if weighted else None
        loss = torch.nn.functional.cross_entropy(
            logits, torch.tensor(labels), weight=weights, ignore_index=-1, label_smoothing=smoothing, reduction="none"
        )
        (gradient,) = torch.autograd.grad((loss * pseudo((5,), 63)).sum(), [logits])
        fields = {"smoothing": smoothing, "weighted": str(weighted).lower(), "labels": "[" + ", ".join(map(str, labels)) + "]"}
        entries.append(entry(name, fields, {"loss": loss, "gradLogits": gradient}))
    write("cross-entropy", "Softmax cross-entropy by row: losses and gradients, in float64.", "CrossEntropyOracle", "CROSS_ENTROPY_ORACLES", entries)


def layer_norm_oracles():
    entries = []
    for name, shape, shift in [("oracle-plain", (3, 4, 5), 0.0), ("oracle-33-units", (2, 33), 0.0), ("oracle-shifted", (3, 9), 16.0)]:
        x = (pseudo(shape, 71, 2.0) + shift).requires_grad_()
        gain, bias = variable(shape[-1:], 72, 2.0), variable(shape[-1:], 73, 2.0)
        y = torch.nn.functional.layer_norm(x, shape[-1:], gain, bias, eps=2.0**-16)
        gradients = torch.autograd.grad((y * pseudo(shape, 74)).sum(), [x, gain, bias])
        tensors = {"y": y} | dict(zip(["gradX", "gradGain", "gradBias"], gradients))
        entries.append(entry(name, {"shape": str(list(shape)), "shift": shift}, tensors))
    write("layer-norm", "Layer normalisation: outputs and gradients, in float64.", "LayerNormOracle", "LAYER_NORM_ORACLES", entries)


# --- Optimisers ------------------------------------------------------------------------------------------------------------


def optimizer_oracles():
    """Five steps with a new pseudo-random gradient each."""
    count = 9
    entries = []
    for name, make, options in [
        ("sgd-plain", torch.optim.SGD, {}),
        ("sgd-momentum", torch.optim.SGD, {"momentum": 0.9}),
        ("sgd-nesterov-decay", torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.03125}),
        ("rmsprop-plain", torch.optim.RMSprop, {"alpha": 0.9, "eps": 1e-7}),
        ("rmsprop-centred-momentum", torch.optim.RMSprop, {"alpha": 0.9, "eps": 1e-7, "centered": True, "momentum": 0.5}),
        ("adam-plain", torch.optim.Adam, {}),
        ("adam-decay", torch.optim.Adam, {"weight_decay": 0.03125}),
        ("adamw", torch.optim.AdamW, {"weight_decay": 0.03125}),
    ]:
        parameter = torch.nn.Parameter(pseudo((count,), 81, 2.0))
        optimizer = make([parameter], lr=0.03125, **options)
        steps = []
        for t in range(5):
            parameter.grad = pseudo((count,), 90 + t, 2.0)
            optimizer.step()
            steps.append(parameter.detach().clone())
        entries.append(entry(name, {}, {"trajectory": torch.stack(steps)}))
    write("optimizers", "Optimiser trajectories of five steps, in float64.", "OptimizerOracle", "OPTIMIZER_ORACLES", entries)


FOLDER.mkdir(parents=True, exist_ok=True)
recurrent_oracles()
linear_scan_oracles()
cross_entropy_oracles()
layer_norm_oracles()
optimizer_oracles()
