"""Poses of office people: read from motion capture files, or from plafond's own library."""
