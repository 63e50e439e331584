"""Family TIM: silence and first tokens."""
