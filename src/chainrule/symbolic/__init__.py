"""Matrix calculus: expressions, adjoint rules, simplification, printers; notations; derivations; explanations."""
