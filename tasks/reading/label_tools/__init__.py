"""The exports of the tools that people label with, one file a tool: what each row of them says, and who says it."""
