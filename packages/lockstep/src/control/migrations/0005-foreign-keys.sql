-- Whether the mirror's tables have foreign keys, which PostgreSQL does not enforce, for tools that draw relations.
ALTER TABLE lockstep.sync ADD COLUMN foreign_keys boolean NOT NULL DEFAULT false;
