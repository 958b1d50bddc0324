"""The peers: each a function of a problem and a number of threads that gives a `Training`.

Everyone holds the data in memory and draws a new order of the rows for each epoch. Peers are imported in processes of
their own, so that neither's threads nor settings reach the other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np


@dataclass(frozen=True)
class Training:
    run: Callable[[int], None]  # so many epochs
    predicted: Callable[[np.ndarray], np.ndarray]  # labels, or values


def chainrule(problem, threads):
    from chainrule.engine import native
    from chainrule.engine.protocol import Job

    network, theta, rule = chainrule_parts(problem)
    job = Job(network, problem.X, problem.T, None, rule, problem.batch_size, l2=problem.l2)
    session = native.session(job, theta, rule.init(theta))
    rng, rates = np.random.default_rng(problem.seed), np.full(job.n_batches, problem.learning_rate)

    def run(epochs):
        for _ in range(epochs):
            session.run(rng.permutation(len(problem.X)), 0, job.n_batches, rates)

    def predicted(X):
        outputs = native.predict(network, theta, X)
        return outputs.argmax(1) if problem.classes else outputs[:, 0]

    return Training(run, predicted)


def chainrule_parts(problem):
    """Network, theta and update rule."""
    import chainrule as cr

    last = ("softmax", "categorical_cross_entropy") if problem.classes else ("identity", "half_squared_error")
    network = cr.Network(problem.sizes, (*[problem.activation] * (len(problem.sizes) - 2), last[0]), last[1])
    theta = np.concatenate([part for W, b in problem.initial() for part in (W.T.ravel(), b)])
    return network, theta, cr.Adam(problem.learning_rate)


def scikit_learn(problem, threads):
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    model = (MLPClassifier if problem.classes else MLPRegressor)(
        hidden_layer_sizes=problem.sizes[1:-1],
        activation=problem.activation,
        alpha=problem.l2 * problem.batch_size,
        batch_size=problem.batch_size,
        learning_rate_init=problem.learning_rate,
        random_state=problem.seed,
    )
    classes = {"classes": np.arange(problem.classes)} if problem.classes else {}

    def run(epochs):
        for _ in range(epochs):
            model.partial_fit(problem.X, problem.y, **classes)

    return Training(run, model.predict)


def torch_eager(problem, threads, *, compiled=False):
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(problem.seed)
    kind = torch.nn.ReLU if problem.activation == "relu" else torch.nn.Tanh
    X, y = torch.from_numpy(problem.X), torch.from_numpy(problem.y)
    layers = []
    for (m, n), (W, b) in zip(problem.layers, problem.initial(), strict=True):
        layer = torch.nn.Linear(m, n, dtype=X.dtype)
        layer.weight.data, layer.bias.data = torch.from_numpy(W.T.copy()), torch.from_numpy(b)
        layers += [layer, kind()]
    model = torch.nn.Sequential(*layers[:-1])
    cost = torch.nn.CrossEntropyLoss() if problem.classes else torch.nn.MSELoss()
    y = y if problem.classes else y[:, None]
    rule = torch.optim.Adam(model.parameters(), lr=problem.learning_rate, weight_decay=problem.l2, fused=True)

    def loss(x, t):
        return cost(model(x), t)

    if compiled:
        loss = torch.compile(loss)

    def run(epochs):
        for _ in range(epochs):
            order = torch.randperm(len(X))  # rows gathered once an epoch: faster here than batch by batch
            for x, t in zip(X[order].split(problem.batch_size), y[order].split(problem.batch_size), strict=True):
                rule.zero_grad(set_to_none=True)
                loss(x, t).backward()
                rule.step()

    def predicted(rows):
        with torch.inference_mode():
            outputs = model(torch.from_numpy(rows))
        return outputs.argmax(1).numpy() if problem.classes else outputs[:, 0].numpy()

    return Training(run, predicted)


def torch_compile(problem, threads):
    return torch_eager(problem, threads, compiled=True)


@lru_cache
def jax_functions(activation, classes, penalised):
    """Jitted: many steps of Adam as one scan, and the outputs; compiled once for each set of shapes."""
    import jax
    import jax.numpy as jnp

    act = jax.nn.relu if activation == "relu" else jnp.tanh

    def outputs(theta, x):
        for W, b in theta[:-1]:
            x = act(x @ W + b)
        return x @ theta[-1][0] + theta[-1][1]

    def cost(theta, x, t):
        z = outputs(theta, x)
        if classes:
            return -jnp.mean(jnp.sum(t * jax.nn.log_softmax(z), axis=1))
        return jnp.mean((z - t) ** 2) / 2

    def steps(carry, X, T, order, learning_rate, l2):
        def step(carry, rows):
            theta, m, v, count = carry
            J, g = jax.value_and_grad(cost)(theta, X[rows], T[rows])
            if penalised:
                g = jax.tree.map(lambda a, p: a + l2 * p, g, theta)
            count = count + 1
            m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
            v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
            rate = learning_rate * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
            theta = jax.tree.map(lambda p, a, b: p - (rate * a / (jnp.sqrt(b) + 1e-8)).astype(p.dtype), theta, m, v)
            return (theta, m, v, count), J

        return jax.lax.scan(step, carry, order)

    return jax.jit(steps, donate_argnums=0), jax.jit(outputs)


def jax_scan(problem, threads):
    import jax
    import jax.numpy as jnp

    if problem.dtype == "float64":
        jax.config.update("jax_enable_x64", True)
    X, T = jnp.asarray(problem.X), jnp.asarray(problem.T)
    theta = [(jnp.asarray(W), jnp.asarray(b)) for W, b in problem.initial()]
    steps, outputs = jax_functions(problem.activation, bool(problem.classes), problem.l2 > 0)
    state = [(theta, *(jax.tree.map(jnp.zeros_like, theta) for _ in "mv"), jnp.zeros((), problem.dtype))]
    rng = np.random.default_rng(problem.seed)

    def run(epochs):
        order = np.concatenate([rng.permutation(len(X)) for _ in range(epochs)]).reshape(-1, problem.batch_size)
        state[0], J = steps(state[0], X, T, order, problem.learning_rate, problem.l2)
        J.block_until_ready()

    def predicted(rows):
        found = np.asarray(outputs(state[0][0], rows))
        return found.argmax(1) if problem.classes else found[:, 0]

    return Training(run, predicted)


def keras_fit(problem, threads):
    """Model.fit on JAX, up to 64 steps to a call: the fastest of its ways tried, far ahead of train_on_batch."""
    import os

    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    keras.utils.set_random_seed(problem.seed)
    hidden = [keras.layers.Dense(n, activation=problem.activation) for n in problem.sizes[1:-1]]
    model = keras.Sequential([keras.Input((problem.sizes[0],)), *hidden, keras.layers.Dense(problem.sizes[-1])])
    model.set_weights([part for layer in problem.initial() for part in layer])
    cost = keras.losses.SparseCategoricalCrossentropy(from_logits=True) if problem.classes else "mean_squared_error"
    model.compile(
        optimizer=keras.optimizers.Adam(problem.learning_rate),
        loss=cost,
        steps_per_execution=min(64, problem.n_batches),
    )

    def run(epochs):
        model.fit(problem.X, problem.y, batch_size=problem.batch_size, epochs=epochs, verbose=0)

    def predicted(rows):
        found = model.predict(rows, batch_size=len(rows), verbose=0)
        return found.argmax(1) if problem.classes else found[:, 0]

    return Training(run, predicted)


def blas_floor(problem, threads):
    """The same matrix products and nothing else, by SciPy's BLAS, called from compiled code."""
    from floor import products

    once = products(problem)
    return Training(lambda epochs: [once() for _ in range(epochs)], lambda X: X)


OURS, FLOOR = "chainrule", "BLAS alone"
PEERS = {
    OURS: chainrule,
    FLOOR: blas_floor,
    "scikit-learn": scikit_learn,
    "torch eager": torch_eager,
    "torch.compile": torch_compile,
    "JAX scan": jax_scan,
    "Keras": keras_fit,
}
