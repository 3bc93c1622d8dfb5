from datetime import datetime
from decimal import Decimal
from typing import Annotated

from sqlalchemy import DateTime, Identity, MetaData, Numeric, String, Text, func
from sqlalchemy.orm import DeclarativeBase, mapped_column

Key = Annotated[int, mapped_column(Identity(always=True), primary_key=True)]
Name = Annotated[str, mapped_column(String(120))]
Moment = Annotated[datetime, mapped_column(server_default=func.now())]
Money = Annotated[Decimal, mapped_column(Numeric(12, 2))]


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map = {str: Text, datetime: DateTime(timezone=True)}
