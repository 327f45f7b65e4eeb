"""The step view: a step's markdown as cached rows of a terminal, with cells and questions to select."""
