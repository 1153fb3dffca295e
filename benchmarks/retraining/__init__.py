"""What does retraining bring, what does it cost, and how often does the promotion test err?"""
