"""What things are called and how long they may take: identifiers, code systems, catalogues and dated policies."""
