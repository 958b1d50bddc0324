"""The peers: each a function of a case and a number of threads that gives a function running one epoch of Adam.

Everyone draws a new order of the rows for each epoch and holds the data in memory. Peers are imported in processes of
their own, so that neither's threads nor settings reach the other.
"""

import numpy as np
from cases import LEARNING_RATE


def chainrule(case, threads):
    import chainrule as cr
    from chainrule.engine import native
    from chainrule.engine.protocol import Job

    X, _, T = case.data()
    last = ("softmax", "categorical_cross_entropy") if case.classes else ("identity", "half_squared_error")
    hidden = (case.activation,) * (len(case.sizes) - 2)
    network = cr.Network(case.sizes, (*hidden, last[0]), last[1])
    theta, rule = network.initial(seed=0, dtype=case.dtype), cr.Adam(LEARNING_RATE)
    job = Job(network, X, T, None, rule, case.batch_size)
    session = native.session(job, theta, rule.init(theta))
    rng, rates = np.random.default_rng(0), np.full(job.n_batches, LEARNING_RATE)
    return lambda: session.run(rng.permutation(len(X)), 0, job.n_batches, rates)


def scikit_learn(case, threads):
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    X, y, _ = case.data()
    kind = MLPClassifier if case.classes else MLPRegressor
    model = kind(
        hidden_layer_sizes=case.sizes[1:-1],
        activation=case.activation,
        alpha=0.0,
        batch_size=case.batch_size,
        random_state=0,
    )
    if case.classes:
        model.partial_fit(X, y, classes=np.arange(case.classes))
    return lambda: model.partial_fit(X, y)


def torch_eager(case, threads, *, compiled=False):
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    X, y, _ = (torch.from_numpy(a) for a in case.data())
    kind = torch.nn.ReLU if case.activation == "relu" else torch.nn.Tanh
    layers = []
    for m, n in zip(case.sizes, case.sizes[1:], strict=False):
        layers += [torch.nn.Linear(m, n), kind()]
    model = torch.nn.Sequential(*layers[:-1]).to(X.dtype)
    cost = torch.nn.CrossEntropyLoss() if case.classes else torch.nn.MSELoss()
    y = y if case.classes else y[:, None]
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)

    def loss(x, t):
        return cost(model(x), t)

    if compiled:
        loss = torch.compile(loss)

    def epoch():
        for rows in torch.randperm(len(X)).split(case.batch_size):
            optimizer.zero_grad(set_to_none=True)
            loss(X[rows], y[rows]).backward()
            optimizer.step()

    return epoch


def torch_compile(case, threads):
    return torch_eager(case, threads, compiled=True)


def jax_scan(case, threads):
    import jax
    import jax.numpy as jnp

    if case.dtype == "float64":
        jax.config.update("jax_enable_x64", True)
    X, _, T = (jnp.asarray(a) for a in case.data())
    act = jax.nn.relu if case.activation == "relu" else jnp.tanh
    rng = np.random.default_rng(0)
    theta = [
        (jnp.asarray(rng.normal(size=(m, n)).astype(case.dtype) / np.sqrt(m)), jnp.zeros(n, case.dtype))
        for m, n in zip(case.sizes, case.sizes[1:], strict=False)
    ]

    def cost(theta, x, t):
        for W, b in theta[:-1]:
            x = act(x @ W + b)
        z = x @ theta[-1][0] + theta[-1][1]
        if case.classes:
            return -jnp.mean(jnp.sum(t * jax.nn.log_softmax(z), axis=1))
        return jnp.mean((z - t) ** 2) / 2

    def step(carry, rows):
        theta, m, v, count = carry
        J, g = jax.value_and_grad(cost)(theta, X[rows], T[rows])
        count = count + 1
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        rate = LEARNING_RATE * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        theta = jax.tree.map(lambda p, a, b: p - (rate * a / (jnp.sqrt(b) + 1e-8)).astype(p.dtype), theta, m, v)
        return (theta, m, v, count), J

    run = jax.jit(lambda carry, order: jax.lax.scan(step, carry, order), donate_argnums=0)
    zeros = jax.tree.map(jnp.zeros_like, theta)
    state = [(theta, zeros, jax.tree.map(jnp.zeros_like, theta), jnp.zeros((), case.dtype))]

    def epoch():
        order = rng.permutation(len(X)).reshape(-1, case.batch_size)
        state[0], J = run(state[0], order)
        J.block_until_ready()

    return epoch


def blas_floor(case, threads):
    """The same matrix products and nothing else, by SciPy's BLAS, called from compiled code."""
    from floor import products

    return products(case)


PEERS = {
    "chainrule": chainrule,
    "BLAS alone": blas_floor,
    "scikit-learn": scikit_learn,
    "torch eager": torch_eager,
    "torch.compile": torch_compile,
    "JAX scan": jax_scan,
}
