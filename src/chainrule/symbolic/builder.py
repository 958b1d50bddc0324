"""The lines of a derivation: the forward equations stated, everything else differentiated from them.

Column form, so that a notation only has to transpose: Z_l = W_l A_{l-1} + b_l 1^T (F1), A_l = sigma_l(Z_l) (F2),
D_l = dJ/dZ_l, G_l = dJ/dA_l.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chainrule.symbolic import cost_lines, rules, update_lines
from chainrule.symbolic.boxes import Box, ident, partial
from chainrule.symbolic.components import components
from chainrule.symbolic.derivation import Line, Section
from chainrule.symbolic.expression import (
    Expression,
    add,
    apply,
    hadamard,
    make,
    number,
    ones,
    product,
    scale,
    substitute,
    symbol,
    times,
    unary,
)
from chainrule.symbolic.losses import activation_form, column_sums, slope_of
from chainrule.symbolic.notation import Layer, Notation, shifted
from chainrule.symbolic.quantities import Quantities
from chainrule.symbolic.simplify import simplify

if TYPE_CHECKING:
    from chainrule.network.spec import Network


@dataclass(frozen=True)
class Builder:
    """Writes the lines of one network in one notation."""

    network: Network
    notation: Notation
    options: dict[str, Any]

    def __post_init__(self) -> None:
        own = self.options["sizes"] == "own"
        object.__setattr__(self, "q", Quantities(self.network, self.notation, own))
        object.__setattr__(self, "special", {})
        for name in ("l1", "l2"):
            if self.options[name]:
                self.q.rates[name] = cost_lines.rate(self, name)

    q: Quantities = None  # type: ignore[assignment]
    special: dict[Expression, Box] = None  # type: ignore[assignment]

    # ------------------------------------------------------------ the parts

    @property
    def depth(self) -> int:
        return self.q.depth

    @property
    def absorbed(self) -> bool:
        return self.notation.absorbs(self.network)

    def sections(self) -> tuple[Section, ...]:
        """All lines, in the order in which a text gives them."""
        backward = [line for l in reversed(range(1, self.depth)) for line in self.recursion(l)]
        layers = reversed(range(1, self.depth + 1))
        parts = [
            ("Forward", self.forward()),
            ("Activation functions", self.functions()),
            ("Cost", cost_lines.cost(self)),
            ("The last layer", cost_lines.last_layer(self)),
            ("The general step", self.general_step() if self.depth > 1 else []),
            ("Backward, layer by layer", backward),
            ("Gradients", [line for l in layers for line in self.gradients(l)]),
            ("The input", self.inputs()),
            ("Update", update_lines.update(self)),
        ]
        return tuple(Section(title, tuple(lines)) for title, lines in parts if lines)

    def write(
        self, tag: str, role: str, layer: Layer, title: str, reason: str, *right: Expression, **more: Any
    ) -> Line:
        """A line whose left side is a quantity and whose right sides are given in the column form."""
        forms = dict.fromkeys(self.shown(self.q.translated(role, layer, r)) for r in right)
        left = self.q.symbol(role, layer)
        forms.pop(left, None)
        if "components" not in more:
            more["components"] = components(self.q, tag, role, layer)
        return Line(tag, layer, title, reason, left, tuple(forms), self.script(), **more)

    def script(self) -> Any:
        return self.q.script(self.special)

    def shown(self, node: Expression) -> Expression:
        """The last touch: derivatives as the notation writes them, diagonal matrices where it prefers them."""
        if self.notation.slope == "partial":
            self._register_slopes(node)
        if self.notation.diagonal and node.op == "hadamard" and node.is_column:
            slopes = [a for a in node.args if a.op == "apply" and a.data[1]]
            others = [a for a in node.args if a not in slopes]
            if slopes and others:
                return product(*(unary("diag", s) for s in slopes), hadamard(*others))
        return node

    def _register_slopes(self, node: Expression) -> None:
        from chainrule.symbolic.expression import postorder
        from chainrule.symbolic.layout import layout

        for n in postorder(node):
            if n.op == "apply" and n.data[1] == 1:
                plain = self.q.script()
                self.special[n] = partial(plain.name(n.data[0]), layout(n.args[0], plain))

    # ------------------------------------------------------------ forward

    def affine(self, l: Layer, below: Expression, weights: Expression, bias: Expression | None) -> Expression:
        total = times(weights, below)
        return total if bias is None else add(total, times(bias, ones((1, self.q.samples))))

    def z_form(self, l: Layer, below: Expression | None = None) -> Expression:
        """F1 in the column form, made of the notation's symbols."""
        q = self.q
        if self.absorbed:
            return times(q.leaf("augmented_weights", l), q.leaf("augmented", shifted(l, -1)))
        bias = q.leaf("bias", l) if self.network.bias else None
        return self.affine(l, below or q.leaf("activation", shifted(l, -1)), q.leaf("weights", l), bias)

    def activated(self, l: Layer, z: Expression) -> Expression:
        """sigma_l of an expression: abstract where elementwise, itself where it is the identity."""
        if isinstance(l, int):
            sigma = self.network.activation(l)
            if sigma.name == "identity":
                return z
            if sigma.name == "softmax":
                return make("softmax", (z,), 0)
        return apply(self.q.function(l), z)

    def forward(self) -> list[Line]:
        q = self.q
        lines = []
        if self.network.activation(0).name == "identity":
            reason = "the input is what layer 0 puts out"
            lines.append(self.write("F2", "activation", 0, "The input", reason, q.leaf("input")))
        else:
            lines.append(self.write("F1", "preactivation", 0, "The input", "given", q.leaf("input")))
            reason = "the input passes an activation of its own"
            form = self.activated(0, q.leaf("preactivation", 0))
            lines.append(self.write("F2", "activation", 0, "Layer 0", reason, form))
        for l in range(1, self.depth + 1):
            lines += self.forward_layer(l)
        return lines

    def forward_layer(self, l: int) -> list[Line]:
        q = self.q
        lines = []
        if self.absorbed:
            below = q.leaf("activation", l - 1)
            extended = unary("append_ones", below)
            lines.append(self.augmentation("augmented", l - 1, "a 1 is appended to every layer's input", extended))
            plain = unary("drop_column", q.leaf("augmented_weights", l))
            lines.append(self.augmentation("weights", l, "the last column of the matrix holds the biases", plain))
        title = f"Layer {l}: pre-activation"
        reason = "weights times inputs" + (", plus bias" if self.network.bias else "")
        lines.append(self.write("F1", "preactivation", l, title, reason, self.z_form(l)))
        if q.merged("activation", l) == "activation":
            form = self.activated(l, q.leaf("preactivation", l))
            why = _ACTIVATION_REASONS.get(self.network.activation(l).name, "the activation, entry by entry")
            lines.append(self.write("F2", "activation", l, f"Layer {l}: activation", why, form))
        return lines

    def augmentation(self, role: str, l: int, reason: str, form: Expression) -> Line:
        return self.write("def", role, l, "Absorbed biases", reason, form, components=())

    def functions(self) -> list[Line]:
        """sigma_l and sigma_l' as formulas of a number."""
        lines = []
        for l in range(0 if self.network.activation(0).name != "identity" else 1, self.depth + 1):
            sigma = self.network.activation(l)
            form = activation_form(sigma)
            if form is None or sigma.name == "identity":
                continue
            z = self.q.scalar("__z", ident(self.notation.letter("preactivation").lower()))
            self.q.scalar("__a", ident(self.notation.letter("activation").lower()))
            title, why = f"Activation of layer {l}", f"{sigma.spec}, from the table of activations"
            name = self.q.function(l)
            lines.append(Line("def", l, title, why, apply(name, z), (form[0],), self.q.script()))
            if form[1] is not None:
                why = f"its derivative, where {text_of(self.q, '__a')} is its value"
                lines.append(Line("def", l, title, why, apply(name, z, 1), (form[1],), self.q.script()))
        return lines

    def through(self, l: int, error: Expression) -> Expression:
        """dJ/dz from dJ/da with the activation's own derivative."""
        q, sigma = self.q, self.network.activation(l)
        z, a = q.leaf("preactivation", l), q.leaf("activation", l)
        if sigma.name == "softmax":
            weighed = hadamard(a, error)
            return add(weighed, scale(number(-1), hadamard(a, column_sums(weighed))))
        slope = slope_of(sigma, z, a)
        return self.through_abstract(l, error) if slope is None else hadamard(error, slope)

    def through_abstract(self, l: Layer, error: Expression) -> Expression:
        """dJ/dz from dJ/da, differentiated from F2."""
        z = self.q.leaf("preactivation", l)
        variable = symbol("__z_column", z.shape)
        derived = rules.gradient(self.activated(l, variable), variable, error, simplify)
        derived = substitute(derived, {variable: z})
        soft = make("softmax", (variable,), 0)
        here = make("softmax", (z,), 0)
        return substitute(derived, {here: self.q.leaf("activation", l)}) if soft is not here else derived

    # ------------------------------------------------------------ backward

    def error_form(self, l: Layer) -> Expression:
        """G_l from D_{l+1}, differentiated from F1."""
        above = shifted(l, 1)
        a = self.q.leaf("activation", l)
        variable = symbol("__a_column", a.shape)
        bias = self.q.leaf("bias", above) if self.network.bias and not self.absorbed else None
        z = self.affine(above, variable, self.q.leaf("weights", above), bias)
        return rules.gradient(z, variable, self.q.leaf("delta", above), simplify)

    def recursion(self, l: Layer) -> list[Line]:
        """B2."""
        own = isinstance(l, int)
        error = self.error_form(l)
        where = f"layer {l}" if own else "any hidden layer"
        to_delta = "the chain rule through the activation"
        lines = []
        if self.notation.split:
            why = "every neuron gathers the errors of those it leads to"
            claim = ("error", l) if own else None
            lines.append(self.write("B2", "error", l, f"The cost by the output of {where}", why, error, claim=claim))
            error = self.q.leaf("error", l)
        else:
            to_delta = "the errors of the layer above come back through its weights; " + to_delta
        forms = [self.through_abstract(l, error)]
        if isinstance(l, int):
            forms.append(self.through(l, error))
        claim = ("delta", l) if own else None
        lines.append(self.write("B2", "delta", l, f"delta of {where}", to_delta, *forms, claim=claim))
        return lines

    def general_step(self) -> list[Line]:
        """The step for any layer, with a letter for its number."""
        l = self.notation.layer
        role = "augmented_weights" if self.absorbed else "weights"
        lines = self.recursion(l)
        form = add(self.parameter_form(role, l), *self.penalty_slope(l))
        lines.append(self.write("B3", f"{role}_gradient", l, "Gradient of the weights", _WEIGHTS_REASON, form))
        if self.network.bias and not self.absorbed:
            form = self.parameter_form("bias", l)
            lines.append(self.write("B4", "bias_gradient", l, "Gradient of the bias", _BIAS_REASON, form))
        return lines

    def parameter_form(self, role: str, l: Layer) -> Expression:
        """dJ/dW_l or dJ/db_l from D_l, differentiated from F1."""
        q = self.q
        parameter = q.leaf(role, l)
        variable = symbol("__parameter", parameter.shape)
        if role == "augmented_weights":
            z = times(variable, q.leaf("augmented", shifted(l, -1)))
        else:
            weights = variable if role == "weights" else q.leaf("weights", l)
            bias = (variable if role == "bias" else q.leaf("bias", l)) if self.network.bias else None
            z = self.affine(l, q.leaf("activation", shifted(l, -1)), weights, bias)
        return rules.gradient(z, variable, q.leaf("delta", l), simplify)

    def penalty_slope(self, l: Layer) -> list[Expression]:
        W = self.q.leaf("weights", l)
        slopes = {"l1": apply("sign", W), "l2": W}
        terms = [scale(rate, slopes[name]) for name, rate in self.q.rates.items()]
        return [unary("append_zeros", t) for t in terms] if self.absorbed else terms

    def gradients(self, l: int) -> list[Line]:
        """B3 and B4."""
        role = "augmented_weights" if self.absorbed else "weights"
        form = add(self.parameter_form(role, l), *self.penalty_slope(l))
        title = f"Gradient of the weights of layer {l}"
        lines = [self.write("B3", f"{role}_gradient", l, title, _WEIGHTS_REASON, form, claim=(f"{role}_gradient", l))]
        if self.network.bias and not self.absorbed:
            form = self.parameter_form("bias", l)
            title = f"Gradient of the bias of layer {l}"
            lines.append(self.write("B4", "bias_gradient", l, title, _BIAS_REASON, form, claim=("bias_gradient", l)))
        return lines

    def inputs(self) -> list[Line]:
        """B5."""
        error = self.error_form(0)
        why = "one more step back gives the sensitivity of the cost to the input"
        lines = [self.write("B5", "error", 0, "The cost by the input of layer 1", why, error, claim=("error", 0))]
        if self.network.activation(0).name != "identity":
            forms = [self.through_abstract(0, self.q.leaf("error", 0)), self.through(0, self.q.leaf("error", 0))]
            why = "through the activation of the input"
            lines.append(self.write("B5", "delta", 0, "The cost by the input", why, *forms, claim=("delta", 0)))
        return lines


_ACTIVATION_REASONS = {"identity": "the layer is linear", "softmax": "softmax over the outputs of a sample"}
_WEIGHTS_REASON = "every weight meets the error it leads to and the input it comes from: an outer product"
_BIAS_REASON = "a bias enters its pre-activation with factor one"


def text_of(q: Quantities, name: str) -> str:
    from chainrule.symbolic.text import text

    return text(q.names[name])
