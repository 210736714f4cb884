"""The words of every page in German, module by module; imported when first needed."""
