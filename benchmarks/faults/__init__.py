"""What happens to the rows while programs are killed?"""
