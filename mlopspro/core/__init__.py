"""What every page needs and no app owns: page helper, charts, formats, component tags. No tables."""
