"""Pictures of a history: in a terminal, as Mermaid, as SVG."""
