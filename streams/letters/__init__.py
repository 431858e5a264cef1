"""Dead letters: found, shown with personal data masked, corrected, and published again."""
