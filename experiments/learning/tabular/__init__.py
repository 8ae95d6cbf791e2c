"""Models on tables: forecasting, pricing, next best action, location scoring. Pure: no Django."""
