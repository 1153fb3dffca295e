"""How soon does newsgate answer, how long do its programs take to start, and what does each of them weigh?"""
