-- The id that a request to the API gives what it makes: a repetition, after its process was killed, finds it.
ALTER TABLE lockstep.sync_request ADD COLUMN subject text UNIQUE;
