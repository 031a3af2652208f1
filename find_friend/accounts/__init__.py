"""Sign-up, tokens and passwords; profiles, interests and cities."""
