"""What stands on documents (`content`) and how it looks (`pdf`, `factur_x`): pure, without database or clock."""
