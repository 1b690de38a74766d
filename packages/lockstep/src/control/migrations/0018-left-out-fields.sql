-- Fields that a person leaves out of the mirror, as patterns such as Account.Description and *.Secret__c.
ALTER TABLE lockstep.sync ADD COLUMN left_out text[] NOT NULL DEFAULT '{}';
