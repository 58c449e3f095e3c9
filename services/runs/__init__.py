"""The engine: carries an approved plan out, durably."""
