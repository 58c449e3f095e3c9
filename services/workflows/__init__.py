"""An issue's life: drafted, refined, approved or discarded."""
