// Classifies a few purchases through the C ABI by cgo and prints each client's money, ABC class and segment.
package main

/*
#cgo pkg-config: klientela-c
#include <klientela.h>
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"
)

// Client is an open library context; it belongs to one operating system thread at a time.
type Client struct{ context *C.klt_context }

// Purchase is one line of a receipt; a negative amount is a refund.
type Purchase struct {
	Client string
	Day    int32 // since 1970-01-01
	Amount int64 // in units of 1/10000
}

func (c Client) check(status C.klt_status) error {
	if status == C.KLT_OK {
		return nil
	}
	return fmt.Errorf("%s: %s [%s]", C.GoString(C.klt_status_name(status)),
		C.GoString(C.klt_context_last_message(c.context)), C.GoString(C.klt_context_last_where(c.context)))
}

// text is a C copy of a Go string for the length of the program.
func text(s string) *C.char { return C.CString(s) }

// transactions builds a table out of purchases.
func (c Client) transactions(purchases []Purchase) (*C.klt_table, error) {
	n := len(purchases)
	clients := unsafe.Slice((**C.char)(C.calloc(C.size_t(n), C.size_t(unsafe.Sizeof((*C.char)(nil))))), n)
	defer C.free(unsafe.Pointer(&clients[0]))
	days := make([]C.int32_t, n)
	amounts := make([]C.int64_t, n)
	for i, purchase := range purchases {
		clients[i] = text(purchase.Client)
		defer C.free(unsafe.Pointer(clients[i]))
		days[i] = C.int32_t(purchase.Day)
		amounts[i] = C.int64_t(purchase.Amount)
	}
	var builder *C.klt_table_builder
	if err := c.check(C.klt_table_builder_new(c.context, C.size_t(n), &builder)); err != nil {
		return nil, err
	}
	defer C.klt_table_builder_free(builder)
	if err := c.check(C.klt_table_builder_add_text(c.context, builder, text("client"), &clients[0])); err != nil {
		return nil, err
	}
	if err := c.check(C.klt_table_builder_add_day(c.context, builder, text("at"), &days[0], nil)); err != nil {
		return nil, err
	}
	if err := c.check(C.klt_table_builder_add_money(c.context, builder, text("amount"), &amounts[0], nil)); err != nil {
		return nil, err
	}
	var table *C.klt_table
	return table, c.check(C.klt_table_builder_finish(c.context, builder, &table))
}

// run classifies purchases with the default policy, as of the day of the last one.
func (c Client) run(purchases []Purchase) (*C.klt_table, error) {
	table, err := c.transactions(purchases)
	if err != nil {
		return nil, err
	}
	defer C.klt_table_free(table)
	var tables *C.klt_tables
	if err := c.check(C.klt_tables_new(c.context, &tables)); err != nil {
		return nil, err
	}
	defer C.klt_tables_free(tables)
	if err := c.check(C.klt_tables_add_table(c.context, tables, text("transactions"), table)); err != nil {
		return nil, err
	}
	var result *C.klt_result
	if err := c.check(C.klt_run(c.context, tables, nil, C.KLT_AS_OF_LAST_EVENT, &result)); err != nil {
		return nil, err
	}
	defer C.klt_result_free(result)
	var clients *C.klt_table
	return clients, c.check(C.klt_result_clients(c.context, result, &clients))
}

// cell is a cell of a table as a person reads it.
func (c Client) cell(table *C.klt_table, column string, row int) (string, error) {
	var index C.size_t
	if err := c.check(C.klt_table_find_column(c.context, table, text(column), &index)); err != nil {
		return "", err
	}
	var rendered *C.klt_string
	if err := c.check(C.klt_table_render(c.context, table, index, C.size_t(row), &rendered)); err != nil {
		return "", err
	}
	defer C.klt_string_free(rendered)
	return C.GoStringN(C.klt_string_data(rendered), C.int(C.klt_string_size(rendered))), nil
}

func classify() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var c Client
	if C.klt_context_new(&c.context) != C.KLT_OK {
		return fmt.Errorf("no context")
	}
	defer C.klt_context_free(c.context)
	clients, err := c.run([]Purchase{
		{"Анна", 20500, 1250000}, {"Boris", 20510, 995000}, {"Анна", 20530, 300000},
		{"Chen", 20400, 10000}, {"Boris", 20533, -45000}, {"Dora", 20535, 7777777},
	})
	if err != nil {
		return err
	}
	defer C.klt_table_free(clients)
	for row := 0; row < int(C.klt_table_row_count(clients)); row++ {
		for _, column := range []string{"client", "money_net", "abc", "rfm_segment"} {
			value, err := c.cell(clients, column, row)
			if err != nil {
				return err
			}
			fmt.Printf("%s;", value)
		}
		fmt.Println()
	}
	return nil
}

func main() {
	if err := classify(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
