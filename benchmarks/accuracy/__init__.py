"""How well does newsgate tell fake from real, and what do labels and abstaining change?"""
