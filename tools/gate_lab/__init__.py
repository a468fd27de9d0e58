"""The gate's laboratory: recorded, replayed and simulated blocks say how well the gate decides."""
