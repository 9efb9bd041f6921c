// Owns the headers that the unit tests share precompiled; there is nothing to run.
int main() { return 0; }
