"""What docs/benchmarks.md says between its tables."""

HEAD = """# Benchmarks

Training on a CPU beside scikit-learn, PyTorch, JAX and Keras, all in one run of `make bench`, which writes this page.
Every ratio is the peer's time over chainrule's: above 1, chainrule is faster.

![ratios on one core and on two](benchmarks.png)

{machine}
Between the cases the processors were {idle} % idle; what others do to a machine hurts those with several threads most.

A step is: gather the mini-batch, forward, backward, Adam.

| | network | batch |
|---|---|---|
| tiny | 20-32-2 | 32 |
| small | 64-100-10 | 200 |
| medium | 784-256-128-10 | 128 |
| large | 784-1024-1024-10 | 512 |
| deep | 32-(64 x 10)-1 | 64 |

"""
ONE_CORE = """## One core

"BLAS alone" is the floor: the same matrix products and nothing else, by the BLAS that SciPy carries, called from
compiled code. Its column is the other way round: how many times the floor a whole step of chainrule takes; below 1,
its own products beat that BLAS by more than all the rest costs.

"""
TWO_CORES = """## Two cores

relu, float32, by the clock; everyone has two threads. "Times one core" is how many times faster chainrule is than
itself on one of the two cores, measured in the same rounds. A virtual machine's two cores may be, for seconds or
minutes, two halves of one core of its host; so before and after each round multiply-adds run on both at once, and
rounds in which they do not make twice those of one are left out. {whole} of {counted} rounds had two whole cores.

"""
FITS = """## Whole fits

One core; building and compiling the model count, importing and reading the data do not. "JAX, compiled before" is a
second fit of the same shapes in the same process. In brackets is what came out, by which one sees that the work was the
same.

"""
FITS_END = """
Digits: 64-100-10, batch 32, Adam 0.002, until 97.5 % of a held-out quarter are right, looked at after each epoch;
medians over seven splits, the same for all. How many epochs that takes is luck, so read the seconds beside them.
Regression: 20-64-64-1, batch 500. Grid search: `GridSearchCV` over 40 settings of `MLPClassifier` (20-16-3 and 20-32-3)
and 5 folds of 500 rows, {epochs} epochs each, batch 50; for PyTorch and JAX a plain loop over the same fits, without
what `GridSearchCV` and an estimator do besides: copying, checking input, scoring. Keras is not asked for the grid: it
takes about a second to compile a model, so that 200 take minutes.

"""
ONE_ROW = """## One row

64-100-10, softmax, float32: `cr.predictor`, `predict_proba`, `inference_mode`; least time of many calls.

"""
FIRST_EPOCH = """## The first epoch

A new process imports, reads the digits, and trains `MLPClassifier` for one epoch; processor time, median.

"""
PRICE = """## The price of a gradient

Chains' argument: one forward and one backward pass give every derivative, where finite differences need two forward
passes for each parameter. "By arithmetic" counts the multiplications of the products alone: what the ratio would be if
all of them ran at one speed and nothing else took time.

"""
MEMORY = """## Memory

What `cr.fit` with Adam adds to the process at its peak; the data are there before. Buffers are the batch's inputs, and
z, a and delta of each layer; the rest is counted in sizes of theta.

"""
DOUBTS = """## Is it fair?

- **Same work.** Everyone trains the same network in the same dtype from weights of one scheme (Glorot's uniform; only
  scikit-learn draws its own) on the same rows in memory, in a new order each epoch, makes the same number of updates by
  Adam, and computes the loss of every mini-batch. No batch is cut short: numbers of rows are multiples of the batch's.
- **Each peer its best way.** PyTorch with fused Adam and rows gathered once an epoch, which is faster here than an
  index for each batch; `torch.compile` with its defaults; JAX with a whole epoch, or a whole fit where nothing has to
  be looked at in between, as one jitted scan with donated buffers; Keras' `fit` on JAX with 64 steps to a call, two to
  eight times faster than its `train_on_batch`; scikit-learn's `partial_fit`. `torch.compile` and Keras take long to
  begin, so they are asked for relu in float32 alone.
- **chainrule as one uses it.** In the tables of steps its engine is called as `cr.fit` calls it, once an epoch; whole
  fits go through `cr.fit` and `MLPClassifier`. No setting is given but those above. It chooses tiles, shards and
  threads from the shapes, by the same rule for every network; no size of these cases stands in it.
- **Same processors.** Each peer has a process of its own, pinned to the same core or the same two, with as many
  threads as cores for BLAS, OpenMP, XLA and PyTorch. On one core the time is that of the processor, all threads of the
  process together, which a busy machine does not stretch; on two it is the clock's, after a rest in which the threads
  of the peer before fall asleep. A peer that is better off with one thread is seen in the table of one core.
- **Turns.** A round measures every peer once, for at least 0.15 s, and each round another one goes first. Figures are
  medians over {rounds} rounds; the slowest of a peer's rounds took {spread} % longer than its fastest, in the median of
  all. Compiling and the first touch of memory come before and do not count, but in whole fits.
- **Not shown.** Graphics processors, other kinds of layers, and batches of many thousand rows, where large products
  decide and everyone is close to the BLAS.

"""
END = """## Measure again

`make bench` makes an environment of its own in `.bench-venv`, takes about a quarter of an hour on two idle cores,
keeps the figures in `out/benchmarks.json` as they come, and writes this page. The other scripts in `benchmarks/` run by
themselves: `estimators.py` (accuracy and time of the estimators beside scikit-learn's, with its defaults),
`numpy_step.py` (a step of the reference engine), `symbolic.py` (derivations, beside SymPy), and `sklearn_own_tests.py`
(scikit-learn's own tests of its multilayer perceptrons, run on these).
"""
