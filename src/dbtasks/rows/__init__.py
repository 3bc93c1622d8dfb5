"""Awkward rows in every table, and what a revision lost of them."""

from dbtasks.rows.filling import Filled, fill
from dbtasks.rows.loss import Loss, losses
from dbtasks.rows.picture import ColumnPicture, Picture, TablePicture, picture

__all__ = [
    "ColumnPicture",
    "Filled",
    "Loss",
    "Picture",
    "TablePicture",
    "fill",
    "losses",
    "picture",
]
