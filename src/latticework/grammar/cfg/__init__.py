"""Context-free grammars: what the readers of Lark and GBNF texts produce and the engine compiles."""
