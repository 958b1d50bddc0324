"""How theta moves: update rules, learning-rate schedules, L-BFGS."""
