"""How fast cotwin is: workloads, contenders, and what is made of their times."""
