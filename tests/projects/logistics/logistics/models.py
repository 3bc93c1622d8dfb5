from logistics import billing, shared, shipping
from logistics.base import Base

__all__ = ["Base", "billing", "shared", "shipping"]
