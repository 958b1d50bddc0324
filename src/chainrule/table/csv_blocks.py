"""CSV in blocks of whole rows; see `chainrule.table.blocks`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .columns import Table
from .csv import form_and_rows, stripped, text_frames
from .csv_lines import in_utf8
from .csv_short import Short
from .errors import TableError
from .numerals import decimal_mark
from .values import column_of_texts

if TYPE_CHECKING:
    from .encoder import Encoder


def csv_blocks(
    blocks: Iterable[tuple[int, bytes]], source: str, encoder: Encoder, delimiter: str | None, decimal: str | None
) -> Iterator[tuple[Table, dict[str, int]]]:
    """A table of each block, and the counts of its values that cannot be read."""
    form, rows = form_and_rows(in_utf8(blocks, source), source, delimiter, decimal)
    encoder.require(form.names, source)
    n_rows, said, short = 0, list[str](), Short(form)
    for line, body, notes in rows:
        said += notes
        for frame in text_frames(body, line, form):
            said += short.look(body, line, frame)
            texts = {feature.name: stripped(frame[form.place(feature.name)]) for feature in encoder.features}
            if decimal is None and form.delimiter != ",":
                decimal = decimal_mark(texts[f.name] for f in encoder.features if f.kind in ("number", "boolean"))
                said += [f"{source} writes numbers with a decimal comma, and was read so"] * (decimal == ",")
            mark = decimal or (encoder.decimal if form.delimiter != "," else None)  # else as in training
            read = [column_of_texts(feature, texts[feature.name], mark) for feature in encoder.features]
            table = Table(tuple(column for column, _ in read), frame.height, source, tuple(said))
            yield table, {column.name: n for column, n in read}
            said.clear()
            n_rows += frame.height
    if n_rows == 0:
        raise TableError(f"{source!r} has a header and no rows")
