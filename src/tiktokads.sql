-- closes the house: nobody may call what was not granted (tiktokads.role_rule says what is)

REVOKE ALL ON ALL ROUTINES IN SCHEMA tiktokads FROM PUBLIC;
