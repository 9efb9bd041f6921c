// A Go program that classifies purchases through the C ABI of klientela.
module klientela.example/classify

go 1.19
