-- read(): the state as it stands.
return nothing(load())
