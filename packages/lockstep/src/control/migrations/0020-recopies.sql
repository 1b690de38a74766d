-- Whether the sync goes on when the recopy that is under way has ended. Null: none is under way, nor was one cut off.
ALTER TABLE lockstep.sync ADD COLUMN goes_on_after_recopy boolean;
