"""What do the gates of an LSTM do?"""
