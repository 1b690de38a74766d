-- How far a request is that makes something and has not been answered yet.
ALTER TABLE lockstep.idempotency_key ADD COLUMN progress jsonb;
