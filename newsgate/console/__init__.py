"""What the commands share: options and their types, messages, tables, progress, and how errors end a program."""
