"""Reports: findings and inventories as documents for people and machines."""
