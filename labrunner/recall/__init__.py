"""Active recall: grading answers, and scheduling the next time a question is asked."""
