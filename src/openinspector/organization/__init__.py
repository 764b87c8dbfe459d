"""Organization: accounts, who administers whom, what each has switched on, what it used."""
