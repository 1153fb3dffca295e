"""How soon newsgate answers, how long its programs take to start, and what each of them weighs."""
